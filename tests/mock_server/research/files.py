"""Files that tests make: sound ones of each kind, and some that mean harm."""

from __future__ import annotations

import io
import zipfile
import zlib

from docx import Document as Word
from reportlab.pdfgen.canvas import Canvas


def pdf(*pages: str) -> bytes:
    written = io.BytesIO()
    canvas = Canvas(written)
    for page in pages:
        canvas.drawString(72, 700, page)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def docx() -> bytes:
    word = Word()
    word.add_heading("Soil", 1)
    word.add_paragraph("Ferns like acid soil of pH 5. Loam is too heavy for them.")
    table = word.add_table(1, 2)
    table.rows[0].cells[0].text = "Peat holds water for ferns."
    table.rows[0].cells[1].text = "Sand does not."
    written = io.BytesIO()
    word.save(written)
    return written.getvalue()


def bomb() -> bytes:
    """A Word file whose only part unfolds to far more than a Word file may."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(70):
            part.write(bytes(1 << 20))
    return written.getvalue()


def hostile_pdf(contents: bytes) -> bytes:
    """A PDF of one page, whose contents are packed twice."""
    packed = zlib.compress(contents)
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (len(packed), packed),
    ]
    body, places = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, part in enumerate(parts, 1):
        places += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    end = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)
    return body + b"xref\n0 5\n" + places + end


def word_with(body: str, part: str = "word/document.xml") -> bytes:
    """A Word file with a document, or another part, of one's own."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx())) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, body if name == part else source.read(name))
    return written.getvalue()


def word_of_kind(kind: str) -> bytes:
    """A Word file that says its document is of another kind, which libraries repeat when they refuse it."""
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    types = f'<Default Extension="rels" ContentType="{relations}"/><Default Extension="jpeg" ContentType="image/jpeg"/>'
    types += f'<Override PartName="/word/document.xml" ContentType="{kind}"/>'
    return word_with(
        f'<Types xmlns="{space}"><Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "[Content_Types].xml",
    )


def entity(declared: str) -> str:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraph = "<w:p><w:r><w:t>ferns &z;</w:t></w:r></w:p>"
    document = f'<w:document xmlns:w="{namespace}"><w:body>{paragraph}</w:body></w:document>'
    return f"<!DOCTYPE d [{declared}]>{document}"

"""The least files of three kinds that programs open."""

from __future__ import annotations

import io
import zipfile

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_OFFICE, _WORDS = "http://schemas.openxmlformats.org", "application/vnd.openxmlformats"
_TYPES = f"""{_XML}<Types xmlns="{_OFFICE}/package/2006/content-types">
<Default Extension="rels" ContentType="{_WORDS}-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType="{_WORDS}-officedocument.wordprocessingml.document.main+xml"/>
</Types>"""
_RELATIONS = f"""{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships">
<Relationship Id="r" Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>
</Relationships>"""
_DOCUMENT = f"""{_XML}<w:document xmlns:w="{_OFFICE}/wordprocessingml/2006/main">
<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"""


def markdown(title: str) -> bytes:
    return f"# {title}\n\nNothing is known.\n".encode()


def docx(title: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", _DOCUMENT % title.replace("&", "").replace("<", ""))
    return made.getvalue()


def pdf(title: str) -> bytes:
    shown = "".join(c for c in title if (c.isascii() and c.isalnum()) or c == " ")[:60]
    stream = f"BT /F 12 Tf 72 720 Td ({shown}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F 5 0 R >> >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + end

"""The console in a browser: what a person sees and does, by mouse, by keys and with a screen reader's rules."""

from __future__ import annotations

import contextlib
import re
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from tests.mock_server.console.browser import chromium, lacking
from tests.mock_server.dalston.speaking import Client
from tests.mock_server.stage import SHORT
from tests.proof.process import serving

try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    lacking("playwright and axe-playwright-python are not installed (extra test).")

KEY = "sk_test_a"
FIXTURES = Path(__file__).parents[3] / "fixtures"
PROFILES = ("--profile", "medscribe,session_manager,prsm,dalston")
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.wav"
pytestmark = pytest.mark.slow


class Server:
    """A mock in a process, with the gestures of a client."""

    def __init__(self, folder) -> None:
        self._folder, self._running = folder, ExitStack()
        self.start()
        self.client = httpx.Client(base_url=self.url, headers={"X-API-Key": KEY}, timeout=20)

    def start(self) -> None:
        """Serve, where it was served before if it was."""
        port = ("--port", self.url.rsplit(":", 1)[1]) if hasattr(self, "url") else ()
        self.url = self._running.enter_context(serving(self._folder, more=(*PROFILES, *port)))

    def stop(self) -> None:
        self._running.close()

    def post(self, path, **given):
        answer = self.client.post(path, **given)
        assert answer.status_code < 500, answer.text
        return answer

    def create(self, *templates, **more):
        return self.post("/v1/sessions", json={"templates": templates or ["soap"], **more}).json()["session_id"]

    def upload(self, session, content=None, name="a_0.wav"):
        return self.post(f"/v1/sessions/{session}/audio", files={"file": (name, content or SHORT.read(), "audio/wav")})

    def heard(self, *templates, text=None, name="a_0.wav"):
        session = self.create(*(templates or ("soap", "medications")))
        if text is not None:
            self.post("/_mock/v1/transcripts", json={"text": text, "session": session})
        self.upload(session, name=name)
        self.post(f"/v1/sessions/{session}/end")
        wait = {"session": session, "state": "completed", "seconds": 20}
        assert self.client.get("/_mock/v1/wait", params=wait).status_code == 200
        return session


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    found = Server(tmp_path_factory.mktemp("console"))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def browser():
    microphone = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", *microphone])
        yield found
        found.close()


@pytest.fixture
def opened(browser, server):
    """Makes tabs that know the key; what a page complains of, or asks elsewhere, fails the test."""
    contexts, seen = [], SimpleNamespace(errors=[], urls=[])

    def tab(path="", *, keyed=True, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("console", lambda told: seen.errors.append(told.text) if told.type == "error" else None)
        page.on("dialog", lambda dialog: seen.errors.append(dialog.message))
        page.on("request", lambda request: seen.urls.append(request.url))
        page.goto(f"{server.url}/console")
        expect(page.locator("#key"), f"the page begins; {seen.errors}").to_be_visible()
        if keyed:
            page.fill("#key", KEY)
            page.keyboard.press("Enter")
            expect(page.locator("#live")).to_have_attribute("data-state", "live")
            page.goto(f"{server.url}/console#{path or '/sessions'}")
        return page

    tab.seen = seen
    yield tab
    for context in contexts:
        context.close()
    # answers that refuse, or do not come, are told by the browser too, and the page shows why
    told = [each for each in seen.errors if not re.search("Failed to load resource|net::ERR_", each)]
    assert told == []
    assert [url for url in seen.urls if not url.startswith((server.url, "blob:"))] == []
    assert [url for url in seen.urls if KEY in url] == []


def clean(page):
    """No rule of axe is broken, and nothing is wider than the window."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:160]) for each in found] == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def state(page):
    return page.locator(".head .badge")


def test_a_key_is_entered_once_and_stays_in_its_tab(opened, server):
    page = opened(keyed=False)
    page.fill("#key", "sk_test_schlüssel")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_contain_text("signs of ASCII")
    page.fill("#key", "sk_test_nobody")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong")).to_contain_text("not valid")
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    assert KEY not in page.url
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    stranger = opened(keyed=False)
    expect(stranger.locator("#key")).to_be_visible()
    page.get_by_role("button", name="Forget key").click()
    expect(page.locator("#key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def pointed(page, statement, sentence):
    """Hover a statement until its sentence is marked: what is drawn anew meanwhile knows of no pointer."""
    for _ in range(3):
        page.mouse.move(0, 0)
        statement.hover()
        with contextlib.suppress(AssertionError):
            expect(page.locator("mark")).to_have_text(sentence, timeout=2000)
            return
    expect(page.locator("mark")).to_have_text(sentence)


def test_a_statement_of_a_note_points_at_its_sentence_in_the_transcript(opened, server):
    text = "Doctor: How are you?\nPatient: I am well. I take metformin twice a day. I have no fever."
    session = server.heard(text=text)
    page = opened()
    page.get_by_role("link", name=session).click()
    statement = page.get_by_role("button", name=re.compile("metformin", re.IGNORECASE)).first
    pointed(page, statement, "I take metformin twice a day.")
    page.mouse.move(0, 0)
    expect(page.locator("mark")).to_have_count(0)
    statement.focus()
    page.keyboard.press("Enter")
    expect(statement).to_have_attribute("aria-pressed", "true")
    page.mouse.move(0, 0)
    expect(page.locator("mark")).to_have_text("I take metformin twice a day.")
    expect(page.locator(".turn", has=page.locator("mark"))).to_contain_text("Patient")


def test_a_dropped_file_is_watched_until_it_is_done(opened):
    page = opened("/record")
    page.set_input_files("#audio", FIXTURES / "short.wav")
    page.wait_for_url(re.compile("#/sessions/ses_"))
    expect(state(page)).to_have_text("completed", timeout=20_000)
    expect(page.locator(".transcript")).to_contain_text("pain in the lower back")
    expect(page.locator(".notes h3").first).to_have_text("SOAP note")
    expect(page.locator("canvas.wave")).to_be_visible()
    expect(page.locator(".player [role=status]")).to_contain_text("5.1 s")


def test_a_recording_of_the_microphone_is_sent_in_pieces_and_processed(opened, server):
    page = opened("/record")
    page.get_by_role("button", name="Record from the microphone").click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop and process").click()
    page.wait_for_url(re.compile("#/sessions/ses_"))
    expect(state(page)).to_have_text(re.compile("completed|partial|failed"), timeout=20_000)
    session = page.url.rsplit("/", 1)[1]
    (file,) = server.client.get(f"/_mock/v1/sessions/{session}").json()["files"]
    assert file["name"] == "audio_0.wav"
    assert 1.0 < (file["size"] - 44) / 32_000 < 10


def test_a_list_and_a_page_change_as_things_happen(opened, server):
    page, beside = opened(), opened()
    session = server.create("vitals")
    row = page.locator(f'tr[data-session="{session}"]')
    expect(row.locator(".badge")).to_have_text("created")
    beside.goto(f"{server.url}/console#/sessions/{session}")
    expect(state(beside)).to_have_text("created")
    server.upload(session)
    expect(row.locator(".badge")).to_have_text("recording")
    expect(state(beside)).to_have_text("recording")


def test_words_and_filters_leave_what_fits_and_survive_a_reload(opened, server):
    wanted, other = server.create("referral_letter"), server.create("hpi")
    page = opened()
    expect(page.locator(f'tr[data-session="{other}"]')).to_be_visible()
    page.get_by_label("Search").fill("referral")
    expect(page.locator(f'tr[data-session="{other}"]')).to_have_count(0)
    page.get_by_label("State").select_option("created")
    page.reload()
    expect(page.get_by_label("State")).to_have_value("created")
    expect(page.locator(f'tr[data-session="{wanted}"]')).to_be_visible()
    page.get_by_label("Search").fill("nothing has these words")
    expect(page.locator(".empty")).to_have_text("No session fits.")


def test_a_refusal_shows_code_reason_and_the_rule_of_the_text(opened, server):
    session = server.heard()
    server.post(f"/v1/sessions/{session}/end")
    page = opened(f"/sessions/{session}")
    why = page.locator(".why").last
    expect(why).to_contain_text("cannot be ended again")
    expect(why).to_contain_text("SES-END-013")


def test_the_clock_goes_to_the_next_event(opened, server):
    server.post("/_mock/v1/reset")
    session = server.create()
    page = opened(f"/sessions/{session}")
    expect(state(page)).to_have_text("created")
    page.locator(".clock summary").click()
    expect(page.locator(".panel .next")).to_contain_text(session)
    page.get_by_role("button", name="To next event").click()
    expect(state(page)).to_have_text("expired")
    expect(page.locator("#told")).to_contain_text("expired")
    server.post("/_mock/v1/reset")


def test_a_session_is_deleted_once_that_is_confirmed(opened, server):
    session = server.heard()
    page = opened(f"/sessions/{session}")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    assert server.client.get(f"/v1/sessions/{session}").status_code == 404


def test_texts_of_strangers_stay_texts(opened, server):
    text = f"Doctor: <script>alert(1)</script> \u202eevil <b>bold</b>\nPatient: I have a cough. {HOSTILE}"
    session = server.heard(text=text, name=HOSTILE)
    server.create("<svg/onload=alert(1)>")
    page = opened()
    expect(page.locator("tbody")).to_contain_text("<svg/onload=alert(1)>")
    page.get_by_role("link", name=session).click()
    expect(page.locator(".transcript")).to_contain_text("<script>alert(1)</script> ⟨U+202E⟩evil <b>bold</b>")
    expect(page.locator(".timeline")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img, main script, main b b, main svg").count() == 0
    page.goto(f"{server.url}/console#/sessions/%E0%A4%A")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.goto(f"{server.url}/console#/sessions/<img src=x onerror=alert(1)>")
    expect(page.locator(".empty")).to_contain_text("There is no session")


def test_a_megabyte_and_a_long_history_are_shown_by_their_beginning(opened, server):
    session = server.heard(text="Patient: I have a cough. " + "well " * 80_000)
    for _ in range(150):
        server.client.patch(f"/v1/sessions/{session}", json={"additional_data": {"note": "x" * 2000}})
    page = opened(f"/sessions/{session}")
    expect(page.get_by_role("button", name=re.compile("more characters")).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Show 100 more of .* lines"))).to_be_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < 5000
    assert page.evaluate("document.body.innerText.length") < 200_000


def test_pages_keep_the_rules_of_axe_wide_and_narrow_light_and_dark(opened, server):
    session = server.heard("soap", "medications", "vitals")
    server.post(f"/v1/sessions/{session}/end")
    for width, scheme in ((1280, "light"), (390, "dark")):
        if scheme == "light":
            clean(opened(keyed=False))
        page = opened(width=width, scheme=scheme)
        expect(page.locator(f'tr[data-session="{session}"]')).to_be_visible()
        clean(page)
        paths = ((f"/sessions/{session}", ".notes"), ("/record", ".drop"), ("/requests", ".why"))
        for path, shown in paths if scheme == "light" else paths[:1]:
            page.goto(f"{server.url}/console#{path}")
            expect(page.locator(shown).first).to_be_visible()
            clean(page)


def test_every_control_is_reached_by_keys_and_says_what_it_is(opened, server):
    session = server.heard("soap")
    page = opened(f"/sessions/{session}")
    expect(page.locator("canvas.wave")).to_be_visible()
    page.locator(".skip").focus()
    names = ["Skip to the content"]
    for _ in range(80):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(() => { const e = document.activeElement; const box = e.getBoundingClientRect();"
            " return [e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || e.tagName,"
            " box.width > 0 && box.height > 0]; })()"
        )
        if told[0].startswith("Skip"):
            break
        names.append(told[0].strip())
        assert told[1], f"{told[0]} has the focus and is not seen"
    order = ["Skip to the content", "Sessions", "Record", "Requests", "Forget key", "← All sessions", "Delete…"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    assert {"Position in the recording", "Transcript text", "What happened"} <= set(names)


def test_the_waveform_is_a_slider_for_keys_and_clicks(opened, server):
    page = opened(f"/sessions/{server.heard()}")
    wave = page.get_by_role("slider", name="Position in the recording")
    wave.focus()
    page.keyboard.press("End")
    expect(wave).to_have_attribute("aria-valuetext", "5.1 s of 5.1 s")
    page.keyboard.press("Home")
    expect(wave).to_have_attribute("aria-valuenow", "0.0")
    box = wave.bounding_box()
    wave.click(position={"x": box["width"] / 2, "y": 10})
    expect(wave).to_have_attribute("aria-valuenow", re.compile(r"2\.[5-6]"))


def test_a_live_session_shows_what_is_said_while_it_is_and_where_it_stands(opened, server):
    speaker = Client(server.url, KEY)
    with speaker.talk(store_audio=True, store_transcript=True, enhance_on_end=True) as talk:
        page = opened(f"/sessions/{talk.session_id}")
        expect(state(page)).to_have_text("active")
        talk.speak()
        talk.send({"type": "flush"})
        talk.until("transcript.final")
        said = page.get_by_role("region", name="Transcript text").get_by_role("listitem")
        expect(said.first).to_contain_text("0:00")
        job = talk.end()["enhancement_job_id"]
    expect(state(page)).to_have_text("completed")
    heard = [each["text"] for each in speaker.get(talk.session_id, "transcript").json()["utterances"]]
    assert heard
    for text in heard:
        expect(said.filter(has_text=text)).to_have_count(1)
        expect(page.locator(".timeline q", has_text=text)).to_have_count(1)
    wave = page.get_by_role("slider", name="Position in the recording")
    expect(wave).to_be_visible()
    wave.press("End")
    said.first.get_by_role("button", name="Go to 0:00").click()
    expect(wave).to_have_attribute("aria-valuenow", re.compile(r"0\.\d"))
    clean(page)
    page.get_by_role("link", name=job).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(job)


def test_a_session_that_goes_on_from_another_leads_to_it(opened, server):
    speaker = Client(server.url, KEY)
    first = speaker.spoken()
    page = opened(f"/sessions/{speaker.spoken(resume_session_id=first)}")
    page.get_by_role("link", name=first).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(first)


def test_a_statement_of_two_sentences_stands_once(opened, server):
    session = server.heard("soap", text="Doctor: Have you had any problems with your vision?\nPatient: Yes, I have.")
    page = opened(f"/sessions/{session}")
    expect(page.get_by_role("button", name="Problems with vision.")).to_have_count(1)


def test_where_there_is_no_stream_the_page_looks_by_itself(opened, server):
    page = opened()
    page.context.route("**/_mock/v1/events", lambda route: route.fulfill(status=503, body="{}"))
    page.reload()
    expect(page.locator("#live")).to_have_text("every 5 s")
    session = server.create()
    expect(page.locator(f'tr[data-session="{session}"]')).to_be_visible(timeout=10_000)


def test_whoever_reads_or_listens_goes_on_while_things_happen(opened, server):
    session = server.heard(text="Patient: I have a headache. I take aspirin daily.")
    page = opened(f"/sessions/{session}")
    page.locator("button.statement").first.click()
    page.locator("audio").evaluate("audio => { audio.muted = true; audio.loop = true; return audio.play(); }")
    server.post(f"/v1/sessions/{session}/end")
    expect(page.locator(".timeline")).to_contain_text("cannot be ended again")
    expect(page.locator("mark")).to_have_count(1)
    assert page.evaluate("document.activeElement.className") == "statement"
    assert not page.locator("audio").evaluate("audio => audio.paused")


def test_a_page_goes_on_where_the_server_is_started_again(opened, server):
    before = server.create()
    page = opened()
    expect(page.locator(f'tr[data-session="{before}"]')).to_be_visible()
    server.stop()
    expect(page.locator("#live")).to_have_text("server away")
    server.start()
    expect(page.locator("#live")).to_have_text("live", timeout=15_000)
    after = server.create()
    for session in (before, after):
        expect(page.locator(f'tr[data-session="{session}"]')).to_be_visible()

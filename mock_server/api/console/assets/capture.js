// Sound of the microphone as WAV files that follow each other without a gap, each of which can be heard by itself.

const RATE = 16_000;
// Chunks that wait to be sent: a server that takes none for this long is told so, and nothing piles up without bound.
const MOST_WAITING = 60;

export async function capture({ chunkSeconds, loud }) {
  if (!navigator.mediaDevices) throw new Error("A browser gives the microphone to pages from this machine or over https only.");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } })
    .catch((error) => { throw new Error(error.name === "NotAllowedError" ? "The microphone is not allowed for this page." : "There is no microphone."); });
  const context = new AudioContext({ sampleRate: RATE });
  await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
  const node = new AudioWorkletNode(context, "samples");
  const full = chunkSeconds * RATE;
  const waiting = [];
  let samples = [];
  let count = 0;
  let over = false;
  let failed = null;
  let wake = () => {};

  function cut() {
    if (!count) return;
    waiting.push({ blob: wav(samples, count), seconds: count / RATE });
    samples = [];
    count = 0;
    wake();
  }

  function stop() {
    if (over) return;
    over = true;
    cut();
    node.disconnect();
    for (const track of stream.getTracks()) track.stop();
    context.close();
    wake();
  }

  node.port.onmessage = ({ data }) => {
    if (over) return;
    samples.push(data);
    count += data.length;
    loud(Math.min(1, data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
    if (count >= full) cut();
    if (waiting.length > MOST_WAITING) { failed = new Error("The server takes the recording too slowly; it was stopped."); stop(); }
  };
  stream.getTracks()[0].addEventListener("ended", stop);
  context.createMediaStreamSource(stream).connect(node);

  async function* chunks() {
    for (;;) {
      while (waiting.length) yield waiting.shift();
      if (failed) throw failed;
      if (over) return;
      await new Promise((done) => { wake = done; });
    }
  }
  return { chunks: chunks(), stop };
}

// RIFF/WAVE, one channel, 16 bit.
function wav(pieces, count) {
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const word = (at, text) => [...text].forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, 2 * RATE, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const piece of pieces) for (const value of piece) { view.setInt16(at, Math.max(-1, Math.min(1, value)) * 0x7fff, true); at += 2; }
  return new Blob([view], { type: "audio/wav" });
}

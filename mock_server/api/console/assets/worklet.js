// Runs where sound is processed: hands over what comes in, a tenth of a second at a time.

class Samples extends AudioWorkletProcessor {
  #held = new Float32Array(1600);
  #count = 0;

  process([input]) {
    for (const value of input[0] ?? []) {
      this.#held[this.#count++] = value;
      if (this.#count === this.#held.length) {
        this.port.postMessage(this.#held);
        this.#held = new Float32Array(1600);
        this.#count = 0;
      }
    }
    return true;
  }
}

registerProcessor("samples", Samples);

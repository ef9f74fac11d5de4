/** The microphone as blocks of samples, untouched: what browsers do to make voices clear ruins a piano. */

const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };

export class Microphone {
  /**
   * Opens the microphone, which asks the user.
   * @param {(samples: Float32Array, time_sec: number) => void} onblock some 20 ms of sound in -1..1, and the context's time of its end
   * @throws {DOMException} NotAllowedError, NotFoundError
   */
  static async open(onblock) {
    if (!navigator.mediaDevices) throw new DOMException("no microphone in an insecure page", "NotFoundError");
    const stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule("/static/sound/tap.js");
    const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data }) => onblock(data.samples, data.time_sec);
    context.createMediaStreamSource(stream).connect(tap);
    if (context.state === "suspended") await context.resume();
    return new Microphone(stream, context);
  }

  /** @param {MediaStream} stream @param {AudioContext} context */
  constructor(stream, context) {
    this.stream = stream;
    this.context = context;
  }

  get sample_rate() {
    return this.context.sampleRate;
  }

  /** What the microphone is called by the system. */
  get name() {
    return this.stream.getAudioTracks()[0]?.label ?? "";
  }

  async close() {
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
  }
}

/** Blocks of sound as a 16-bit mono WAV. @param {Float32Array[]} blocks @param {number} sample_rate @returns {Blob} */
export function wav(blocks, sample_rate) {
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  const head = new DataView(new ArrayBuffer(44));
  const text = (/** @type {number} */ at, /** @type {string} */ letters) => [...letters].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + 2 * n, true);
  text(8, "WAVEfmt ");
  [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, sample_rate, 4], [28, 2 * sample_rate, 4], [32, 2, 2], [34, 16, 2]].forEach(([at, value, bytes]) => (bytes === 4 ? head.setUint32(at, value, true) : head.setUint16(at, value, true)));
  text(36, "data");
  head.setUint32(40, 2 * n, true);
  return new Blob([head, ...blocks.map(sixteenBits)], { type: "audio/wav" });
}

/** @param {Float32Array} block */
function sixteenBits(block) {
  return Int16Array.from(block, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32767));
}

/** The loudest sample of a block in decibels below full scale, at least -60. @param {Float32Array} block */
export function peak_db(block) {
  let peak = 0;
  for (const sample of block) peak = Math.max(peak, Math.abs(sample));
  return Math.max(-60, 20 * Math.log10(peak + 1e-9));
}

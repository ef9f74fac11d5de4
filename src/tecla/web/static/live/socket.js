/**
 * The line to the listening network while someone plays: sound goes out, notes come back as they are heard.
 *
 * @typedef {{ id: number, onset_sec: number, offset_sec: number | null, pitch: number, velocity: number, confidence: number }} LiveNote
 */

export class Line {
  /**
   * @param {number} sample_rate
   * @param {{ ready: () => void, notes: (answer: { notes: LiveNote[], pedals?: import("../roll/notes.js").Pedal[], heard_sec: number }) => void, broken: (reason: string) => void }} ear
   */
  constructor(sample_rate, ear) {
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
    this.socket.binaryType = "arraybuffer";
    this.closing = false;
    this.socket.onopen = () => this.socket.send(JSON.stringify({ sample_rate }));
    this.socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      if (answer.error) ear.broken(answer.error.message);
      else if (answer.ready) ear.ready();
      else if (answer.notes) ear.notes(answer);
    };
    this.socket.onclose = () => !this.closing && ear.broken("");
  }

  /** @param {Float32Array} samples */
  send(samples) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(samples);
  }

  close() {
    this.closing = true;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ stop: true }));
    this.socket.close();
  }
}

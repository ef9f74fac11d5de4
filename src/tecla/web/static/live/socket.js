/**
 * The line to the listening network while someone plays: sound goes out, notes come back as they are heard.
 *
 * @typedef {{ id: number, onset_sec: number, offset_sec: number | null, pitch: number, velocity: number, confidence: number }} LiveNote
 */

export class Line {
  /** @param {number} sample_rate @param {(answer: { notes: LiveNote[], heard_sec: number }) => void} onnotes @param {(reason: string) => void} onbroken */
  constructor(sample_rate, onnotes, onbroken) {
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
    this.socket.binaryType = "arraybuffer";
    this.closing = false;
    this.socket.onopen = () => this.socket.send(JSON.stringify({ sample_rate }));
    this.socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      if (answer.error) onbroken(answer.error.message);
      else if (answer.notes) onnotes(answer);
    };
    this.socket.onclose = () => !this.closing && onbroken("");
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

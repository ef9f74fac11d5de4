const root = document.documentElement;
document.getElementById("theme").onclick = () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};
// A click on a column's head sorts by it, a second one turns the order round.
for (const head of document.querySelectorAll("th")) head.onclick = () => {
  const body = head.closest("table").tBodies[0], column = head.cellIndex, turn = head.dataset.turn === "1" ? -1 : 1;
  head.dataset.turn = turn === 1 ? "1" : "0";
  const value = (row) => row.cells[column].textContent, number = (text) => parseFloat(text);
  const rows = [...body.rows].sort((a, b) => turn * (isNaN(number(value(a))) ? value(a).localeCompare(value(b)) : number(value(a)) - number(value(b))));
  body.append(...rows);
};
// The playhead follows whichever of a passage's sounds plays; one sound at a time.
const players = [...document.querySelectorAll("audio")];
for (const player of players) {
  const head = player.closest("article").querySelector(".head"), length = parseFloat(player.dataset.length);
  const move = () => {
    const x = 40 + (1060 - 40) * Math.min(1, player.currentTime / length);
    head.setAttribute("x1", x); head.setAttribute("x2", x);
    if (!player.paused) requestAnimationFrame(move);
  };
  player.onplay = () => { players.forEach((other) => other !== player && other.pause()); move(); };
  player.onseeked = move;
}

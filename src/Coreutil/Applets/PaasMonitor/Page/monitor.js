'use strict';
// Calls /status again and again and shows which instance answered, how often, how fast, and what failed.
const period = 250, patience = 2000, kept = 240, silentAfter = 5000;
const colours = ['#2878d0', '#e08a1e', '#3a9d5d', '#9650c8', '#c8478c', '#3aa6a6', '#8c6d46', '#68788c'];
const instances = new Map();
let calls = [], failures = [], answered = 0, failed = 0, isRunning = true;

const byId = id => document.getElementById(id);

async function call() {
  const started = performance.now();
  try {
    const response = await fetch('status', { cache: 'no-store', signal: AbortSignal.timeout(patience) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    record(await response.json(), performance.now() - started);
  } catch (error) {
    failed++;
    calls.push({ error: true });
    failures.unshift(`${new Date().toLocaleTimeString()}  ${error.name === 'TimeoutError' ? `no answer in ${patience} ms` : error.message}`);
    failures.length = Math.min(failures.length, 20);
  }
  calls = calls.slice(-kept);
}

function record(status, milliseconds) {
  const instance = instances.get(status.name)
    ?? { name: status.name, colour: colours[instances.size % colours.length], answers: 0, total: 0 };
  Object.assign(instance, { status, last: milliseconds, seen: Date.now() });
  instance.answers++;
  instance.total += milliseconds;
  instances.set(status.name, instance);
  answered++;
  calls.push({ instance, milliseconds });
}

function row(instance) {
  const cells = [
    [instance.name], [instance.status.host], [instance.status.version], [instance.answers, 'number'],
    [`${Math.round(100 * instance.answers / answered)} %`, 'number'], [instance.last.toFixed(1), 'number'],
    [(instance.total / instance.answers).toFixed(1), 'number'], [new Date(instance.seen).toLocaleTimeString()], [instance.status.message],
  ];
  const line = document.createElement('tr');
  line.className = Date.now() - instance.seen > silentAfter ? 'silent' : '';
  line.style.setProperty('--colour', instance.colour);
  for (const [text, className = ''] of cells) {
    const cell = line.insertCell();
    cell.textContent = text;
    cell.className = className;
  }
  return line;
}

function draw() {
  const canvas = byId('plot'), pen = canvas.getContext('2d'), { width, height } = canvas;
  const top = Math.max(5, ...calls.map(c => c.milliseconds ?? 0)), step = width / kept, floor = height - 16;
  pen.clearRect(0, 0, width, height);
  pen.font = '12px system-ui';
  pen.fillStyle = pen.strokeStyle = '#888';
  pen.fillText(`${top.toFixed(0)} ms`, 4, 12);
  pen.fillText('0', 4, height - 3);
  calls.forEach((c, i) => {
    const x = (i + .5) * step;
    if (c.error) {
      pen.strokeStyle = '#d03030';
      pen.beginPath();
      pen.moveTo(x - 4, 20); pen.lineTo(x + 4, 28); pen.moveTo(x + 4, 20); pen.lineTo(x - 4, 28);
      pen.stroke();
    } else {
      const tall = Math.max(2, c.milliseconds / top * (floor - 16));
      pen.fillStyle = c.instance.colour;
      pen.fillRect(x - step * .4, floor - tall, step * .8, tall);
    }
  });
}

function show() {
  const ordered = [...instances.values()].sort((a, b) => a.name.localeCompare(b.name));
  byId('instances').replaceChildren(...ordered.map(row));
  byId('summary').textContent = `${answered} answered by ${instances.size} instances, ${failed} failed`;
  byId('failures').hidden = failures.length === 0;
  byId('failure-list').replaceChildren(...failures.map(text => Object.assign(document.createElement('li'), { textContent: text })));
  draw();
}

byId('toggle').addEventListener('click', event => {
  isRunning = !isRunning;
  event.target.textContent = isRunning ? 'Pause' : 'Continue';
});
byId('reset').addEventListener('click', () => {
  instances.clear();
  calls = [], failures = [], answered = failed = 0;
  show();
});

(async () => {
  for (;;) {
    if (isRunning) { await call(); show(); }
    await new Promise(resolve => setTimeout(resolve, period));
  }
})();

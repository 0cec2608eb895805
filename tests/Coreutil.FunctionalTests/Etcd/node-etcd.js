// Calls of node-etcd, a v2 client library that knows nothing of this server. Usage: NODE_PATH=… node node-etcd.js URL
const assert = require('assert');
const Etcd = require('node-etcd');
const etcd = new Etcd(process.argv[2]);

const call = (name, ...args) => new Promise((resolve, reject) =>
  etcd[name](...args, (error, body, headers) => error ? reject(error) : resolve({ body, headers })));
const fails = (code, name, ...args) => call(name, ...args).then(
  () => assert.fail(`${name} should have failed with ${code}`), error => assert.strictEqual(error.errorCode, code));
const event = (emitter, name) => new Promise(resolve => emitter.once(name, resolve));

async function keys() {
  const set = await call('set', '/n/a', '1');
  assert.strictEqual(set.body.action, 'set');
  assert.ok(Number(set.headers['x-etcd-index']) > 0);
  assert.strictEqual((await call('get', '/n/a')).body.node.value, '1');
  assert.strictEqual((await call('set', '/n/a', 'ü <&> \u2028', { ttl: 60 })).body.prevNode.value, '1');
  const read = (await call('get', 'n/a')).body.node;
  assert.deepStrictEqual([read.value, read.ttl], ['ü <&> \u2028', 60]);
  await fails(105, 'set', '/n/a', 'x', { prevExist: false });
  await fails(101, 'compareAndSwap', '/n/a', 'x', 'wrong');
  assert.strictEqual((await call('compareAndSwap', '/n/a', '2', 'ü <&> \u2028')).body.action, 'compareAndSwap');
  await fails(101, 'compareAndDelete', '/n/a', 'wrong');
  assert.strictEqual((await call('compareAndDelete', '/n/a', '2')).body.action, 'compareAndDelete');
  await fails(100, 'get', '/n/a');
  await fails(100, 'del', '/n/a');
  assert.strictEqual((await call('raw', 'PUT', 'v2/keys/n/raw', 'r')).body.node.value, 'r');
  assert.strictEqual(etcd.setSync('/n/sync', 's').err, null);
  assert.strictEqual(etcd.getSync('/n/sync').body.node.value, 's');
}

async function directories() {
  assert.ok((await call('mkdir', '/n/d')).body.node.dir);
  await fails(102, 'set', '/n/d', 'x');
  const first = (await call('create', '/n/d', 'one')).body.node.key;
  const second = (await call('post', '/n/d', 'two')).body.node.key;
  assert.ok(first < second && /^\/n\/d\/\d{20}$/.test(first), `${first} ${second}`);
  const listed = (await call('get', '/n', { recursive: true })).body.node.nodes.find(node => node.key === '/n/d');
  assert.deepStrictEqual(listed.nodes.map(node => node.value), ['one', 'two']);
  await fails(108, 'rmdir', '/n/d');
  assert.strictEqual((await call('rmdir', '/n/d', { recursive: true })).body.action, 'delete');
}

async function watches() {
  const once = call('watch', '/n/w');
  await new Promise(resolve => setTimeout(resolve, 200));
  const { body: { node: { modifiedIndex } } } = await call('set', '/n/w', '1');
  assert.strictEqual((await once).body.node.value, '1');
  assert.strictEqual((await call('watchIndex', '/n/w', modifiedIndex)).body.node.value, '1');

  const watcher = etcd.watcher('/n/w', modifiedIndex + 1, { recursive: true });
  const seen = [];
  watcher.on('change', change => seen.push(`${change.action} ${change.node.key}`));
  const deleted = event(watcher, 'delete');
  await call('set', '/n/w', '2');
  await call('set', '/n/w', '3', { prevExist: true });
  await call('del', '/n/w');
  await deleted;
  watcher.stop();
  assert.deepStrictEqual(seen, ['set /n/w', 'update /n/w', 'delete /n/w']);

  // Its own way back from a cleared history (401): from the index of the error on.
  const late = etcd.watcher('/n/late', 1);
  const resync = event(late, 'resync');
  const change = event(late, 'change');
  await resync;
  await call('set', '/n/late', 'v');
  assert.strictEqual((await change).node.value, 'v');
  late.stop();
}

async function server() {
  // 0.4's registry, which this client of 2016 still reads.
  assert.ok((await call('machines')).body.node.nodes[0].value.startsWith(`etcd=${encodeURIComponent(process.argv[2])}&raft=`));
  assert.ok((await call('leader')).body.length > 0);
  assert.strictEqual((await call('selfStats')).body.state, 'StateLeader');
  assert.deepStrictEqual((await call('leaderStats')).body.followers, {});
  assert.strictEqual((await call('version')).body.etcdserver, '2.3.8');
}

(async () => {
  // More events than the history holds, for the watcher that comes late.
  for (let i = 0; i < 1100; i++) { await call('set', '/n/many', String(i)); }
  for (const part of [keys, directories, watches, server]) { await part(); }
  console.log('done');
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });

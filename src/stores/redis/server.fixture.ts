import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const binary = ['redis-server', resolve('.remora/redis/redis-server')].find((path) => spawnSync(path, ['--version']).status === 0);

/** Why there is no Redis; undefined where there is one. */
export const redisMissing = binary === undefined ? 'Redis is not installed; `npm run tools` installs it where apt is.' : undefined;

/** Those that run: none outlives its tests, also where these are given up. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A real Redis on a free port of loopback, which keeps nothing on the disk. */
export interface RedisServer {
  url: string;
  start(): Promise<void>;
  /** Ends it at once; it forgets everything. */
  kill(): Promise<void>;
  /** Makes it neither answer nor hang up, and answer again. */
  freeze(): void;
  thaw(): void;
}

/** One that is not started yet; `settings` are further arguments, such as `--maxmemory 4mb`. */
export async function createRedisServer(settings = ''): Promise<RedisServer> {
  const port = await freePort();
  let running: ChildProcess | undefined;
  return {
    url: `redis://127.0.0.1:${port}/1`,
    async start() {
      if (binary === undefined) throw new Error(redisMissing);
      const further = settings.split(' ').filter((word) => word !== '');
      const child = spawn(binary, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...further], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      running = child;
      children.add(child);
      for await (const line of createInterface(child.stdout)) if (line.includes('Ready to accept connections')) break;
      child.stdout.resume();
    },
    async kill() {
      const child = running;
      running = undefined;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      children.delete(child);
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
    },
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
  };
}

/** A way to a Redis that loses things; the connections of later are whole. */
export interface QuietWay {
  url: string;
  /** What goes over the connections of now is lost, and neither end hears of it. */
  quiet(): void;
  /** Replies to the connections of now are lost; what they ask arrives. */
  loseReplies(): void;
  close(): Promise<void>;
}

export async function createQuietWay(url: string): Promise<QuietWay> {
  const farSockets = new Set<Socket>();
  const { sockets, ...way } = await openWay(url, (near, far) => {
    near.pipe(far).pipe(near);
    farSockets.add(far);
  });
  return {
    ...way,
    quiet() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    loseReplies() {
      for (const socket of farSockets) socket.unpipe().resume();
    },
  };
}

/** A way to a Redis on which two things wait until they are let go: the reply to `hgetall`, and `subscribe` itself. */
export interface HeldWay {
  url: string;
  letSubscribe(): void;
  letReply(): void;
  close(): Promise<void>;
}

export async function createHeldWay(url: string): Promise<HeldWay> {
  const [subscribe, reply] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { url: held, close } = await openWay(url, (near, far) => {
    near.on('data', (bytes) => {
      const command = bytes.toString('latin1');
      if (/hgetall/i.test(command)) {
        far.pause();
        void reply.promise.then(() => far.resume());
      }
      void (/subscribe/i.test(command) ? subscribe.promise : Promise.resolve()).then(() => far.write(bytes));
    });
    far.on('data', (bytes) => near.write(bytes));
  });
  return { url: held, letSubscribe: subscribe.resolve, letReply: reply.resolve, close };
}

/** An address of loopback whose connections lead to a Redis in the way that `join` makes of their two ends. */
async function openWay(url: string, join: (near: Socket, far: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1');
    join(near, far);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
  });
  const port = await listen(server);
  return {
    sockets,
    url: `redis://127.0.0.1:${port}${new URL(url).pathname}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

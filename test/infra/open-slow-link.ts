/**
 * A way to a server on which everything takes longer, by the same time in each direction. It delays what a connection carries, not packets: common kernels
 * lack netem. Packets are lost on the links of hosts (open-hosts.ts) that lead to it.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface SlowLink extends AsyncDisposable {
  readonly port: number;
  /** In each direction, of what is sent from now on. */
  delayMs: number;
}

export interface OpenSlowLink {
  to: { host: string; port: number };
  /** Where it is reached; default: this machine alone. */
  address?: string;
  delayMs?: number;
}

/** On their way in one direction; a sender of more waits. */
const bytesMax = 4_000_000;

export async function openSlowLink({ to, address = "127.0.0.1", delayMs = 0 }: OpenSlowLink): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...to, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay());
      socket
        .on("error", () => undefined)
        .once("close", () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
    }
    carry(near, far, () => link.delayMs);
    carry(far, near, () => link.delayMs);
  });
  await once(server.listen(0, address), "listening");
  const link = {
    port: (server.address() as AddressInfo).port,
    delayMs,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return link;
}

/** In order, also when the delay changes meanwhile. */
function carry(from: Socket, to: Socket, delayMs: () => number): void {
  const waiting: { atMs: number; bytes: Buffer | undefined }[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    timer = undefined;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const leftMs = next.atMs - performance.now();
      if (leftMs > 0) {
        timer = setTimeout(deliver, leftMs);
        return;
      }
      waiting.shift();
      waitingBytes -= next.bytes?.byteLength ?? 0;
      if (next.bytes === undefined) to.end();
      else if (!to.destroyed) to.write(next.bytes);
    }
    from.resume();
  };
  const send = (bytes: Buffer | undefined) => {
    waiting.push({ atMs: Math.max(performance.now() + delayMs(), waiting.at(-1)?.atMs ?? 0), bytes });
    waitingBytes += bytes?.byteLength ?? 0;
    if (waitingBytes + to.writableLength > bytesMax) from.pause();
    timer ??= setTimeout(deliver, delayMs());
  };
  from
    .on("data", send)
    .once("end", () => send(undefined))
    .once("close", () => clearTimeout(timer));
}

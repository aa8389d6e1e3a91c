/**
 * Hosts on one machine: network namespaces, each with a link of its own to this one, which can be cut, slowed and made lossy. Packets are lost for
 * real, by the kernel; nothing is told to who waits for them. Needs Linux, root and iptables.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { requirePart } from "./parts.ts";
import { openServers } from "./servers.ts";

const run = promisify(execFile);

export interface Host {
  readonly name: string;
  readonly address: string;
  /** What stands before a program and its arguments, so that it runs there. */
  readonly command: readonly string[];
  /** No packet comes through in either direction, and none is answered. */
  cut(): Promise<void>;
  /** Nothing comes from these hosts and nothing reaches them; everything else is as before. */
  cutFrom(others: readonly Pick<Host, "address">[]): Promise<void>;
  /** Packets lost in each direction, and what goes through from there in a second. */
  worsen(link: { lossShare: number; kilobitsPerSecond: number }): Promise<void>;
  /** As it was at first. */
  mend(): Promise<void>;
}

export interface Hosts extends AsyncDisposable {
  /** Of this machine, as all hosts reach it. */
  readonly address: string;
  readonly hosts: readonly Host[];
}

/** A range that is for tests of networks (RFC 2544). */
const network = "198.18";

/** @throws Error when this machine cannot: ask requirePart first */
export async function openHosts(count: number): Promise<Hosts> {
  const part = await requirePart("hosts");
  if (part.skip !== false) throw new Error(part.skip);
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await openServers());
  // Two tests at once must not meet.
  const number = process.pid % 250;
  const address = `${network}.${number}.254`;
  const bridge = `roost${number}`;
  const ip = (...args: string[]) => run("ip", args);
  await ip("link", "add", bridge, "type", "bridge");
  servers.guard(`ip link delete ${bridge}`);
  await ip("address", "add", `${address}/24`, "dev", bridge);
  await ip("link", "set", bridge, "up");
  const hosts: Host[] = [];
  for (let n = 1; n <= count; n += 1) {
    const [name, link] = [`${bridge}-${n}`, `${bridge}.${n}`];
    await ip("netns", "add", name);
    servers.guard(`ip netns delete ${name}`);
    await ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name);
    await ip("link", "set", link, "master", bridge, "up");
    const ofHost = `${network}.${number}.${n}`;
    await ip("-n", name, "address", "add", `${ofHost}/24`, "dev", "eth0");
    for (const device of ["eth0", "lo"]) await ip("-n", name, "link", "set", device, "up");
    hosts.push(hostOf({ name, address: ofHost, link, namespace: join(part.directory, name) }));
  }
  const owned = opened.move();
  return { address, hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface HostPlace {
  name: string;
  address: string;
  link: string;
  namespace: string;
}

function hostOf({ name, address, link, namespace }: HostPlace): Host {
  const [program, option] = ["nsenter", `--net=${namespace}`] as const;
  const inside = (...args: string[]) => run(program, [option, ...args]);
  const calm = async () => {
    for (const chain of ["INPUT", "OUTPUT"]) await inside("iptables", "-F", chain);
    await inside("tc", "qdisc", "delete", "dev", "eth0", "root").catch(() => undefined);
  };
  return {
    name,
    address,
    command: [program, option],
    cut: async () => void (await run("ip", ["link", "set", link, "down"])),
    async cutFrom(others) {
      for (const other of others) {
        await inside("iptables", "-A", "INPUT", "-s", other.address, "-j", "DROP");
        await inside("iptables", "-A", "OUTPUT", "-d", other.address, "-j", "DROP");
      }
    },
    async worsen({ lossShare, kilobitsPerSecond }) {
      await calm();
      const lossy = ["-m", "statistic", "--mode", "random", "--probability", String(lossShare), "-j", "DROP"];
      for (const chain of ["INPUT", "OUTPUT"]) await inside("iptables", "-A", chain, ...lossy);
      const slow = ["rate", `${kilobitsPerSecond}kbit`, "burst", "8kb", "latency", "500ms"];
      await inside("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", ...slow);
    },
    async mend() {
      await run("ip", ["link", "set", link, "up"]);
      await calm();
    },
  };
}

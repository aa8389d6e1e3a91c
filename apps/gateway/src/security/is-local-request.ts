import type { IncomingMessage } from "node:http";
import { BlockList, isIPv6 } from "node:net";
import type { Context } from "hono";
import { isLoopbackHost } from "./check-origin.ts";

const passedOn = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/** Whether a request was made on this machine: by its connection. One that another program has passed on says so, and was not. */
export function isLocalRequest(context: Context): boolean {
  const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage };
  const address = incoming?.socket.remoteAddress;
  if (address === undefined || !isLoopback(address)) return false;
  return passedOn.every((name) => context.req.header(name) === undefined) && isLoopbackHost(context.req.header("host"));
}

function isLoopback(address: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  return loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

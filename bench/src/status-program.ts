/** Asks for the status, one call after another, until its standard input ends; then prints how long each took. A process of its own: it waits for nothing else. */
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { timed } from "./measure.ts";

const [baseUrl = "", token = ""] = process.argv.slice(2);
const api = createHttpClient(roostContract, { baseUrl, token });
const tookMs: number[] = [];
process.stdin.resume();
while (!process.stdin.readableEnded) tookMs.push(await timed(() => api.getStatus()));
process.stdout.write(JSON.stringify(tookMs));

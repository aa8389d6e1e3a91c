/** Tries to own the home of ROOST_HOME, prints `owned` or the reason it cannot, and holds it until stdin ends. */
import { text } from "node:stream/consumers";
import { homePaths } from "../home/home-paths.ts";
import { lockHome } from "../home/lock-home.ts";

try {
  await using _lock = await lockHome(homePaths(process.env["ROOST_HOME"] ?? ""));
  process.stdout.write("owned\n");
  await text(process.stdin);
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}

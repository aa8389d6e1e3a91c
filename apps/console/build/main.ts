/** `node build/main.ts DIRECTORY`: builds the console into that directory. The gateway starts it when the sources have changed. */
import { assert } from "@roost/base/browser";
import { buildConsole } from "./build-console.ts";

const [, , directory] = process.argv;
assert(directory !== undefined, "give the directory to build into");
await buildConsole(directory);

/** The `roost` command as a process. */
import { RoostError } from "@roost/base";
import { runCli } from "./run-cli.ts";

/** The reader of a pipe has closed it (`| head`): not a failure. */
function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw new RoostError("unavailable", `the output cannot be written: ${error.message}`, { cause: error });
  });
}

endWithReader(process.stdout);
endWithReader(process.stderr);
const code = await runCli(process.argv.slice(2), process);
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit(code);

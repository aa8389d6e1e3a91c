/** Runs a command of `roost` in the test's own process: a process of its own costs 0.36 s of processor time. */
import { Readable, Writable } from "node:stream";
import { runCli } from "../run-cli.ts";
import { environmentOf, type StartOptions } from "./start-roost.ts";

export interface RoostEnd {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Of stdout. */
  bytes: Buffer;
}

/** Tests that read stderr do not depend on how busy the machine is. */
const progressDelayMs = 3_600_000;

/** For commands that start no other and need no signal: else startRoost(). */
export async function runRoost(args: readonly string[], options: StartOptions = {}): Promise<RoostEnd> {
  const environment = environmentOf(options);
  // Node takes it over at once: times of day are printed as those of this zone.
  process.env["TZ"] = environment["TZ"];
  const stdout = new TextCollector();
  const stderr = new TextCollector();
  const stdin = Readable.from([Buffer.from(options.input ?? "")]);
  const code = await runCli(args, { environment, stdin, stdout, stderr, progressDelayMs });
  return { code, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes };
}

class TextCollector extends Writable {
  readonly #parts: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  get text(): string {
    return this.bytes.toString();
  }

  override _write(part: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.#parts.push(Buffer.from(part as string));
    done();
  }
}

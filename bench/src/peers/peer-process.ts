/** One program of the comparison as the parent sees it: started, called, ended. A program that dies fails its calls, nothing else. */
import { fork, type ChildProcess } from "node:child_process";
import { readInheritedEnvironment } from "../config.ts";
import type {
  PeerAnswer,
  PeerCall,
  PeerFacts,
  PeerSetup,
  WorkloadName,
  WorkloadParameters,
  WorkloadResult,
} from "./peer.ts";

const endMsMax = 3_000;
const stderrCharsMax = 4_000;

type Unnumbered<Call> = Call extends { id: number } ? Omit<Call, "id"> : never;

export interface PeerEvent {
  event: string;
  atMs: number;
}

export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #events: PeerEvent[] = [];
  readonly #exited: Promise<void>;
  #onEvent: () => void = () => undefined;
  #stderr = "";
  #nextId = 1;

  constructor(program: string, args: string[]) {
    this.#child = fork(program, args, {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...readInheritedEnvironment(), DO_NOT_TRACK: "1" },
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#child.stderr?.setEncoding("utf8");
    this.#child.stderr?.on("data", (text: string) => (this.#stderr = (this.#stderr + text).slice(-stderrCharsMax)));
    this.#child.on("message", (answer: PeerAnswer) => this.#take(answer));
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#failAll(`it ended with ${signal ?? code}${this.#lastWords()}`);
        resolve();
      });
    });
    this.#child.once("error", (error) => this.#failAll(error.message));
  }

  facts(): Promise<PeerFacts> {
    return this.#call({ call: "facts" }) as Promise<PeerFacts>;
  }

  async prepare(setup: PeerSetup): Promise<void> {
    await this.#call({ call: "prepare", setup });
  }

  /** Like `prepare`, where another process has prepared the database already. */
  async join(setup: PeerSetup): Promise<void> {
    await this.#call({ call: "join", setup });
  }

  workload(name: WorkloadName, parameters: WorkloadParameters): Promise<WorkloadResult> {
    return this.#call({ call: "workload", name, parameters }) as Promise<WorkloadResult>;
  }

  /** The moment of the next event with this name that was not taken yet. */
  async happened(event: string, timeoutMs: number): Promise<number> {
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      const index = this.#events.findIndex((one) => one.event === event);
      if (index >= 0) return this.#events.splice(index, 1)[0]!.atMs;
      const leftMs = untilMs - Date.now();
      if (leftMs <= 0) throw new Error(`not within ${Math.round(timeoutMs / 1000)} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#onEvent = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** As the kernel does when memory runs out: nothing is said, nothing is closed. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endMsMax);
    await this.#exited;
    clearTimeout(timer);
  }

  #call(call: Unnumbered<PeerCall>): Promise<unknown> {
    if (!this.#child.connected) return Promise.reject(new Error(`it has ended${this.#lastWords()}`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...call, id });
    });
  }

  #take(answer: PeerAnswer): void {
    if ("event" in answer) {
      this.#events.push(answer);
      this.#onEvent();
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }

  #failAll(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }

  #lastWords(): string {
    const line =
      this.#stderr.split("\n").find((one) => /\b\w*Error\b/.test(one)) ?? this.#stderr.trim().split("\n").at(-1);
    return line === undefined || line === "" ? "" : `: ${line.trim().slice(0, 300)}`;
  }
}

/** Lateness of scheduled work, the same for all: how long after its moment a job's code began. */
import { statistics } from "../statistics.ts";
import type { WorkloadResult } from "./peer.ts";

export class CronLateness {
  readonly #lateMs = new Map<string, number>();
  readonly #all: Promise<void>;
  #twice = 0;
  #done!: () => void;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
    this.#all = new Promise((resolve) => (this.#done = resolve));
  }

  /** Work named `name` began now; it was due at `dueMs`. Later moments of the same name are not counted. */
  began(name: string, dueMs: number, moment: string | number = dueMs): void {
    const key = `${name} ${moment}`;
    if (this.#lateMs.has(key)) {
      this.#twice += 1;
      return;
    }
    if (this.#lateMs.size >= this.#count) return;
    this.#lateMs.set(key, Date.now() - dueMs);
    if (this.#lateMs.size === this.#count) this.#done();
  }

  /** Waits for all of them, or until `untilMs` (epoch), and says how late they were. */
  async result(untilMs: number): Promise<WorkloadResult> {
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, untilMs - Date.now()));
    });
    await Promise.race([this.#all, timeUp]);
    clearTimeout(timer);
    const values = [...this.#lateMs.values()];
    if (values.length === 0) throw new Error("nothing that was scheduled began in time");
    const { p50, p99, max } = statistics(values);
    return { p50Ms: p50, p99Ms: p99, maxMs: max, missing: this.#count - values.length, twice: this.#twice };
  }
}

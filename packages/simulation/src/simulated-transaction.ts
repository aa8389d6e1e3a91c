/** A transaction of a simulated process: the rules of the real one, each statement and the commit a turn of its own. */
import { RoostError } from "@roost/base";
import type { CommittingTransaction, QueryOptions } from "@roost/database";
import type { TurnKind } from "./turn.ts";

export interface SentStatement {
  text: string;
  values?: unknown[] | undefined;
  options?: QueryOptions | undefined;
  kind?: TurnKind;
  /** Told of the step in which the server did it. */
  onPerformed?: (step: number) => void;
}

interface Line {
  say(statement: SentStatement): Promise<any[]>;
  commit(): Promise<void>;
}

/** One statement at a time, none after the end, and no commit after a swallowed error. */
export class SimulatedTransaction implements CommittingTransaction {
  readonly #line: Line;
  #tail: Promise<unknown> = Promise.resolve();
  #hasFailed = false;
  #hasEnded = false;

  constructor(line: Line) {
    this.#line = line;
  }

  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    if (this.#hasEnded) throw new RoostError("internal", "a statement came after the end of its transaction");
    const rows = this.#tail.then(() => this.#line.say({ text, values, options }));
    this.#tail = rows.catch(() => {
      this.#hasFailed = true;
    });
    return rows;
  }

  /** Two turns where the real one takes a single round trip: whatever can happen between them is harder, not easier. */
  async commitWith<Row = Record<string, unknown>>(
    text: string,
    values?: unknown[],
    options?: QueryOptions,
  ): Promise<Row[]> {
    const rows = await this.query<Row>(text, values, options);
    await this.commit();
    return rows;
  }

  async commit(): Promise<void> {
    if (this.#hasEnded) return;
    await this.settle();
    if (this.#hasFailed)
      throw new RoostError("internal", "a statement of the transaction failed and its error was swallowed");
    await this.#line.commit();
  }

  async settle(): Promise<void> {
    await this.#tail;
    this.#hasEnded = true;
  }
}

/**
 * One transaction on one connection, from its first statement to its commit or rollback. BEGIN is sent with the first statement; statements issued
 * before an earlier answer arrives are sent together. transact retries.
 */
import { RoostError } from "@roost/base";
import type { ClientBase } from "pg";
import type { CommittingTransaction, QueryOptions, TransactOptions } from "./database.ts";
import { runPipeline, type PipelineResult, type Statement } from "./run-pipeline.ts";
import { runQuery } from "./run-query.ts";
import { isConnectionLoss, toDatabaseError } from "./to-database-error.ts";

/** `none`: there is no transaction, and each statement commits by itself. */
export type Isolation = NonNullable<TransactOptions["isolation"]> | "none";

/** Behind all that waits for no answer. */
const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

/** Statements per round trip. */
const togetherMax = 1000;

/** The argument of a transaction's work: its connection, for as long as it may use it. */
export class OpenTransaction implements CommittingTransaction {
  readonly #client: ClientBase;
  readonly #isolation: Isolation;
  #refusal: (() => RoostError) | undefined;
  /** Issued and not sent. */
  #waiting: Waiting[] = [];
  #tail: Promise<void> = Promise.resolve();
  #hasBegun = false;
  isCommitted = false;
  #isBusy = false;
  #idle: AbortController | undefined;
  connectionLost = false;

  constructor(client: ClientBase, isolation: Isolation) {
    this.#client = client;
    this.#isolation = isolation;
  }

  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    return this.#enqueue<Row>({ text, values, options }, false);
  }

  commitWith<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    return this.#enqueue<Row>({ text, values, options }, true);
  }

  /** Refuses every further statement with the error that `reason` makes. */
  close(reason: () => RoostError): void {
    this.#refusal ??= reason;
  }

  /** Aborted when everything in flight has been answered; undefined when nothing is. */
  whenIdle(): AbortSignal | undefined {
    if (!this.#isBusy) return undefined;
    this.#idle ??= new AbortController();
    return this.#idle.signal;
  }

  /** Waits for statements that were not awaited, and refuses further ones. */
  async settle(): Promise<void> {
    await this.#tail;
    this.close(
      () => new RoostError("internal", "the transaction has ended: its statements must be awaited inside transact"),
    );
  }

  /** For a settled transaction. Does nothing when it never began. */
  async commit(): Promise<void> {
    if (!this.#hasBegun || this.isCommitted) return;
    const { commit } = await runPipeline(this.#client, { begins: false, statements: [], commits: true });
    const failure = this.#conclude(commit!);
    if (failure !== undefined) throw toDatabaseError(failure);
  }

  /** For a settled transaction; returns whether its connection can be reused. */
  async rollBack(): Promise<boolean> {
    if (this.connectionLost) return false;
    if (!this.#hasBegun || this.isCommitted) return true;
    try {
      await this.#client.query("ROLLBACK");
      return true;
    } catch {
      return false;
    }
  }

  #enqueue<Row>(statement: Statement, commits: boolean): Promise<Row[]> {
    const rows = new Promise<Row[]>((resolve, reject) => {
      this.#waiting.push({ statement, commits, resolve: (found) => resolve(found as Row[]), reject });
    });
    // A caller of several statements may await only the first and learn there that all failed.
    rows.catch(() => undefined);
    // Sent when the program has nothing more to do without an answer, or when the current answer arrives: what is issued until then is sent together.
    this.#tail = this.#tail.then(nextTick).then(() => this.#sendWaiting());
    return rows;
  }

  /** Never rejects. */
  async #sendWaiting(): Promise<void> {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    this.#isBusy = true;
    try {
      this.#refuseClosed();
      await (isAlone(group[0]!) ? this.#sendAlone(group[0]!) : this.#sendTogether(group));
    } catch (error) {
      for (const waiting of group) waiting.reject(this.#explain(error));
    } finally {
      this.#isBusy = false;
      this.#idle?.abort();
      this.#idle = undefined;
    }
  }

  /** Statements that may be sent together: nothing follows a commit. */
  #takeGroup(): Waiting[] {
    const firstAlone = this.#waiting.findIndex(isAlone);
    const firstCommit = this.#waiting.findIndex(({ commits }) => commits);
    const counts = [this.#waiting.length, togetherMax];
    if (firstAlone >= 0) counts.push(Math.max(1, firstAlone));
    if (firstCommit >= 0) counts.push(firstCommit + 1);
    return this.#waiting.splice(0, Math.min(...counts));
  }

  async #sendAlone({ statement, resolve }: Waiting): Promise<void> {
    if (!this.#hasBegun) await this.#beginAlone();
    resolve(await runQuery(this.#client, statement.text, statement.values, statement.options));
  }

  async #sendTogether(group: Waiting[]): Promise<void> {
    const begins = !this.#hasBegun && this.#isolation === "read committed";
    if (!this.#hasBegun && !begins) await this.#beginAlone();
    this.#hasBegun = this.#isolation !== "none";
    const statements = group.map(({ statement }) => statement);
    const commits = group.at(-1)!.commits;
    const { outcomes, commit } = await runPipeline(this.#client, { begins, statements, commits });
    const failure = commit === undefined ? undefined : this.#conclude(commit);
    for (const [index, outcome] of outcomes.entries()) {
      const { resolve, reject, commits: isLast } = group[index]!;
      const isUnknown = isOutcomeUnknown(failure);
      if ("error" in outcome) reject(isUnknown ? failure : this.#explain(outcome.error));
      else if (isLast && failure !== undefined) reject(this.#explain(failure));
      else resolve(outcome.rows);
    }
  }

  async #beginAlone(): Promise<void> {
    if (this.#isolation === "none") return;
    this.#hasBegun = true;
    await this.#client.query(`BEGIN ISOLATION LEVEL ${isolationLevels[this.#isolation]}`);
  }

  /** The error for a statement's caller. */
  #explain(error: unknown): unknown {
    if (error instanceof RoostError) return error;
    if (isConnectionLoss(error)) this.connectionLost = true;
    return this.#refusal?.() ?? toDatabaseError(error);
  }

  #refuseClosed(): void {
    if (this.#refusal !== undefined) throw this.#refusal();
  }

  /** Whether everything is committed; otherwise why not. Returns the driver's error when it is certain that nothing was. */
  #conclude(commit: NonNullable<PipelineResult["commit"]>): unknown {
    if ("error" in commit) {
      if (!isConnectionLoss(commit.error)) return commit.error;
      this.connectionLost = true;
      return new RoostError(
        "unavailable",
        "the connection was lost during the commit: whether it happened is unknown, look before repeating it",
        { cause: commit.error, details: { outcome: "unknown" } },
      );
    }
    // PostgreSQL answers ROLLBACK to the COMMIT of a failed transaction.
    if (commit.tag !== "COMMIT") {
      return new RoostError(
        "internal",
        "a statement of the transaction failed and its error was swallowed: everything was rolled back",
      );
    }
    this.isCommitted = true;
    this.close(() => new RoostError("internal", "the transaction is committed: commitWith runs its last statement"));
    return undefined;
  }
}

interface Waiting {
  statement: Statement;
  commits: boolean;
  resolve(rows: unknown[]): void;
  reject(error: unknown): void;
}

/** It may be several statements in one text, which pipelines cannot send. */
function isAlone({ statement: { values, options }, commits }: Waiting): boolean {
  return !commits && values === undefined && options?.name === undefined;
}

function isOutcomeUnknown(failure: unknown): boolean {
  return failure instanceof RoostError && failure.details?.["outcome"] === "unknown";
}

const isolationLevels = {
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};

/**
 * The Database of one simulated process: every connection, statement, BEGIN and COMMIT is a turn of the interleaver's. It obeys the
 * rules of the real one (when a transaction may run again, what is said of a lost commit) and never sleeps.
 */
import { RoostError } from "@roost/base";
import {
  sqlStateOf,
  type CommittingTransaction,
  type Database,
  type QueryOptions,
  type Sql,
  type DatabaseSession,
  type TransactOptions,
} from "@roost/database";
import { openBackend, type Backend } from "./backend.ts";
import { connectionLost } from "./faults.ts";
import type { Interleaver } from "./interleaver.ts";
import { SimulatedTransaction, type SentStatement } from "./simulated-transaction.ts";
import type { Actor, TurnKind } from "./turn.ts";

const connectionsMax = 3;
const attemptsMax = 8;

export interface SimulatedDatabaseOptions {
  actor: Actor;
  interleaver: Interleaver;
  open(): Promise<DatabaseSession>;
  /** Told of each transaction when the server has committed it, whatever its process hears. */
  onCommitted(transactionNumber: number, step: number): void;
  nextTransactionNumber(): number;
}

export class SimulatedDatabase implements Database {
  readonly backends = new Set<Backend>();
  /** The transaction of whose commit the process heard last. */
  lastCommitted = 0;
  readonly #options: SimulatedDatabaseOptions;
  readonly #idle: Backend[] = [];
  readonly #queue: ((backend: Backend | undefined) => void)[] = [];
  #openCount = 0;

  constructor(options: SimulatedDatabaseOptions) {
    this.#options = options;
  }

  async query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    // A wake-up is a hint: here all of them are lost.
    if (options?.name === "roost_notify") return [];
    return retryConflicts(() => this.#queryOnce<Row>({ text, values, options }));
  }

  together<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return work(this);
  }

  async #queryOnce<Row>(statement: SentStatement): Promise<Row[]> {
    const number = this.#options.nextTransactionNumber();
    const onPerformed = (step: number) => this.#options.onCommitted(number, step);
    const backend = await this.#borrow();
    try {
      const rows = await this.#say<Row>(backend, { ...statement, onPerformed, transactionNumber: number });
      this.lastCommitted = number;
      return rows;
    } finally {
      this.#giveBack(backend);
    }
  }

  async transact<T>(work: (tx: CommittingTransaction) => Promise<T>, options: TransactOptions = {}): Promise<T> {
    return retryConflicts(() => this.#transactOnce(work, options));
  }

  async #transactOnce<T>(work: (tx: CommittingTransaction) => Promise<T>, { isolation }: TransactOptions): Promise<T> {
    const { actor, nextTransactionNumber, onCommitted } = this.#options;
    const number = nextTransactionNumber();
    const backend = await this.#borrow();
    const tx = new SimulatedTransaction({
      say: (statement) => this.#say(backend, statement),
      commit: () => this.#commit(backend, (step) => onCommitted(number, step)),
    });
    try {
      const begin = `BEGIN ISOLATION LEVEL ${isolation ?? "read committed"}; SET LOCAL roost.simulated_transaction = '${number}'`;
      await this.#say(backend, { text: begin });
      const result = await work(tx);
      await tx.commit();
      this.lastCommitted = number;
      return result;
    } catch (error) {
      await tx.settle();
      if (!backend.isCut && !actor.isDead)
        await this.#say(backend, { text: "ROLLBACK", kind: "rollback" }).catch(() => undefined);
      throw error;
    } finally {
      this.#giveBack(backend);
    }
  }

  async #commit(backend: Backend, onPerformed: (step: number) => void): Promise<void> {
    try {
      await this.#say(backend, { text: "COMMIT", kind: "commit", onPerformed });
    } catch (error) {
      if (!backend.isCut) throw error;
      throw new RoostError(
        "unavailable",
        "the connection was lost during the commit: whether it happened is unknown, look before repeating it",
        { cause: error, details: { outcome: "unknown" } },
      );
    }
  }

  /** Notifications are hints: none arrives. */
  async listen(): Promise<AsyncDisposable> {
    return { [Symbol.asyncDispose]: async () => undefined };
  }

  async openSession(): Promise<DatabaseSession> {
    const backend = await this.#connect();
    return {
      lost: backend.session.lost,
      query: (text, values, options) => this.#say<any>(backend, { text, values, options }),
      [Symbol.asyncDispose]: async () => {
        if (!backend.isCut)
          await this.#turn(backend, "disconnect", "connection", async () => backend.session[Symbol.asyncDispose]());
        this.backends.delete(backend);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const backend of this.backends) await backend.session[Symbol.asyncDispose]();
  }

  async #borrow(): Promise<Backend> {
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#openCount >= connectionsMax) {
      const given = await new Promise<Backend | undefined>((resolve) => this.#queue.push(resolve));
      if (given !== undefined) return given;
    }
    this.#openCount += 1;
    try {
      return await this.#connect();
    } catch (error) {
      this.#openCount -= 1;
      throw error;
    }
  }

  #takeIdle(): Backend | undefined {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined || !idle.isCut) return idle;
      this.#forget(idle);
    }
  }

  #giveBack(backend: Backend): void {
    const isFit = !backend.isCut;
    if (!isFit) this.#forget(backend);
    const next = this.#queue.shift();
    if (next !== undefined) next(isFit ? backend : undefined);
    else if (isFit) this.#idle.push(backend);
  }

  #forget(backend: Backend): void {
    this.backends.delete(backend);
    this.#openCount -= 1;
  }

  async #connect(): Promise<Backend> {
    return (await this.#turn(undefined, "connect", "connection", async () => {
      const backend = await openBackend(() => this.#options.open());
      this.backends.add(backend);
      return backend;
    })) as Backend;
  }

  async #say<Row>(backend: Backend, statement: SentStatement & { transactionNumber?: number }): Promise<Row[]> {
    if (backend.isCut) throw connectionLost();
    const { text, values, options, kind, onPerformed, transactionNumber } = statement;
    const label = options?.name ?? labelOf(text);
    const perform = async () => {
      // A statement that is a transaction by itself: the server is told its number in the same turn.
      if (transactionNumber !== undefined)
        await backend.query(`SET roost.simulated_transaction = '${transactionNumber}'`);
      return backend.query(text, values, options);
    };
    return (await this.#turn(backend, label, kind ?? "statement", perform, onPerformed)) as Row[];
  }

  #turn(
    backend: Backend | undefined,
    label: string,
    kind: TurnKind,
    perform: () => Promise<unknown>,
    onPerformed: (step: number) => void = () => undefined,
  ): Promise<unknown> {
    const { actor, interleaver } = this.#options;
    return interleaver.submit({
      actor,
      label,
      kind,
      backend,
      // Its connection may have been cut while it waited for its turn.
      perform: () => (backend?.isCut === true ? Promise.reject(connectionLost()) : perform()),
      onPerformed,
    });
  }
}

function labelOf(text: string): string {
  const words = text.replaceAll(/\s+/g, " ").trim();
  return words.length <= 60 ? words : `${words.slice(0, 60)}…`;
}

/** Without the pauses of the real one: the interleaver decides who goes on. */
async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isTransient = ["40001", "40P01"].includes(sqlStateOf(error) ?? "");
      if (!isTransient || attempt === attemptsMax) throw error;
    }
  }
}

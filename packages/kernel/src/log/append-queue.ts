/** Calls waiting to be appended, first in first out and bounded. */
import { RoostError } from "@roost/base";
import type { EventPosition } from "./event.ts";
import type { NumberedEvent } from "./prepare-event.ts";

/** A group takes further calls up to this many events or bytes; a single larger call goes alone. */
const groupEventsMax = 500;
const groupBytesMax = 4_000_000;
const queuedEventsMax = 50_000;
const queuedBytesMax = 64_000_000;

export interface AppendCall {
  events: readonly NumberedEvent[];
  resolve(positions: EventPosition[]): void;
  reject(error: RoostError): void;
}

export class AppendQueue {
  readonly #calls: { call: AppendCall; bytes: number }[] = [];
  #eventCount = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** @throws RoostError `limit_exceeded` when the call is too large, or too much is waiting */
  add(call: AppendCall): void {
    const bytes = call.events.reduce((sum, event) => sum + event.bytes, 0);
    if (bytes > queuedBytesMax) {
      throw new RoostError("limit_exceeded", `one append has ${bytes} bytes (limit ${queuedBytesMax}): split it`);
    }
    if (this.#eventCount + call.events.length > queuedEventsMax || this.#bytes + bytes > queuedBytesMax) {
      throw new RoostError(
        "limit_exceeded",
        `${this.#eventCount} events with ${this.#bytes} bytes are waiting to be appended (limits ${queuedEventsMax} and ${queuedBytesMax}): append no faster than appends are acknowledged`,
      );
    }
    this.#calls.push({ call, bytes });
    this.#count(call, bytes, 1);
  }

  /** Removes a call; false when it has left the queue. */
  withdraw(call: AppendCall): boolean {
    const index = this.#calls.findIndex((waiting) => waiting.call === call);
    if (index < 0) return false;
    const [withdrawn] = this.#calls.splice(index, 1);
    this.#count(call, withdrawn!.bytes, -1);
    return true;
  }

  /** The next calls to append together; a call is never split. */
  takeGroup(): AppendCall[] {
    let eventCount = 0;
    let bytes = 0;
    const isFull = (waiting: { call: AppendCall; bytes: number }, index: number) => {
      eventCount += waiting.call.events.length;
      bytes += waiting.bytes;
      return index > 0 && (eventCount > groupEventsMax || bytes > groupBytesMax);
    };
    const end = this.#calls.findIndex(isFull);
    const group = this.#calls.splice(0, end < 0 ? this.#calls.length : end);
    for (const taken of group) this.#count(taken.call, taken.bytes, -1);
    return group.map((taken) => taken.call);
  }

  #count(call: AppendCall, bytes: number, sign: 1 | -1): void {
    this.#eventCount += sign * call.events.length;
    this.#bytes += sign * bytes;
  }
}

/** Locks and once keys in memory behind the real contract, for tests. */
import { RoostError } from "@roost/base";
import type { Once } from "@roost/contract/operations";
import type { GatewayHandlers } from "./serve-gateway.ts";

const later = "2099-01-01T00:00:00.000Z";

export interface TestLock {
  holder: string | undefined;
  epoch: number;
  /** Resolves at the first renewal. */
  renewed: PromiseWithResolvers<void>;
  purpose: string | undefined;
  releases: number;
}

export function createTestLock(holder?: string): { lock: TestLock; handlers: GatewayHandlers } {
  const lock: TestLock = {
    holder,
    epoch: 41,
    renewed: Promise.withResolvers<void>(),
    purpose: undefined,
    releases: 0,
  };
  const handlers: GatewayHandlers = {
    acquireLock: ({ name, holder: asks, purpose }) => {
      if (lock.holder !== undefined && lock.holder !== asks)
        return { acquired: false, name, holder: lock.holder, epoch: lock.epoch, expiresAt: later, purpose: "nightly" };
      if (lock.holder === undefined) lock.epoch += 1;
      lock.holder = asks;
      lock.purpose = purpose;
      return { acquired: true, name, holder: asks, epoch: lock.epoch, expiresAt: later, purpose: null };
    },
    renewLock: ({ holder: asks, epoch }) => {
      lock.renewed.resolve();
      const isHeld = lock.holder === asks && lock.epoch === epoch;
      return { isHeld, holder: lock.holder ?? null, epoch: lock.epoch, expiresAt: later };
    },
    releaseLock: ({ holder: asks, epoch }) => {
      lock.releases += 1;
      const released = lock.holder === asks && lock.epoch === epoch;
      if (released) lock.holder = undefined;
      return { released, holder: lock.holder ?? null };
    },
  };
  return { lock, handlers };
}

export interface TestOnce {
  state: Once["state"] | "free";
  result: unknown;
  holder: string | undefined;
  renewedCount: number;
}

export function createTestOnce(): { once: TestOnce; handlers: GatewayHandlers } {
  const once: TestOnce = { state: "free", result: null, holder: undefined, renewedCount: 0 };
  const answer = (scope: string, key: string, state: Once["state"]) => ({
    scope,
    key,
    state,
    token: state === "begun" ? "t1" : null,
    holder: once.holder ?? null,
    result: state === "done" ? once.result : null,
    beganAt: "2025-06-01T08:00:00.000Z",
    endedAt: state === "done" ? "2025-06-01T08:00:01.000Z" : null,
    expiresAt: later,
  });
  const handlers: GatewayHandlers = {
    beginOnce: ({ scope, key, holder, retryUnknown }) => {
      const mayBegin = once.state === "free" || (once.state === "unknown" && retryUnknown);
      if (!mayBegin) return answer(scope, key, once.state === "begun" ? "in_progress" : (once.state as Once["state"]));
      once.state = "begun";
      once.holder = holder;
      return answer(scope, key, "begun");
    },
    renewOnce: ({ scope, key }) => {
      if (once.state !== "begun") throw new RoostError("conflict", "its time is up");
      once.renewedCount += 1;
      return { scope, key, expiresAt: later };
    },
    finishOnce: ({ scope, key, token, result }) => {
      if (token !== "t1") throw new RoostError("conflict", "not the token");
      once.state = "done";
      once.result = result;
      return answer(scope, key, "done");
    },
    failOnce: ({ scope, key, isUnknown }) => {
      once.state = isUnknown ? "unknown" : "free";
      return { scope, key, state: once.state };
    },
  };
  return { once, handlers };
}

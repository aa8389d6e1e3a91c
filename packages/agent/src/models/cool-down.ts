import type { ErrorCode } from '@roost/base';

/** Why and until when a provider is left alone; plain JSON, to be kept wherever workers can share it. */
export interface CoolDown {
  /** Failures in a row. */
  failureCount: number;
  untilMs: number;
  lastAttemptMs: number;
  code: ErrorCode;
  status?: number;
  message: string;
}

/** Where cool-downs are kept. Keys hold the provider's id and a fingerprint of its address, key and model. */
export interface CoolDownStore {
  read(keys: string[]): Promise<Map<string, CoolDown>>;
  /** Replaces what is stored under `key` by what `change` returns (undefined: remove). Last writer wins is good enough. */
  update(key: string, change: (current: CoolDown | undefined) => CoolDown | undefined): Promise<void>;
}

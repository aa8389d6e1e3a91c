/** A webhook that comes in, and its columns. */
import type { HookRecord } from "@roost/contract/operations";

export type HookForm = HookRecord["form"];

export interface InboundHook {
  id: string;
  name: string;
  form: HookForm;
  /** Where its key is kept; null: in a file of the home. */
  keyRef: string | null;
  createdBy: string;
  createdAt: Date;
  receivedCount: number;
  receivedAt: Date | null;
}

export const hookColumns = `id, name, form, key_ref as "keyRef", created_by as "createdBy", created_at as "createdAt",
  received_count::int as "receivedCount", received_at as "receivedAt"`;

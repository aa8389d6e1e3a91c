/** What resolvers take from the call that they serve. */
import type { Content, DescribedOperation, StreamItem } from "@roost/contract";
import type DataLoader from "dataloader";

export interface OperationCall {
  service: string;
  operation: DescribedOperation;
  input: Record<string, unknown>;
  idempotencyKey?: string | undefined;
}

export interface GraphqlContext {
  /** Calls an operation in the caller's name. @throws RoostError the service's problem */
  call(call: OperationCall): Promise<unknown>;
  /** Where a file is: the address of the call that answers with it. */
  addressOf(call: OperationCall): string;
  /** A part that was uploaded. @throws RoostError `not_found` */
  readPart(sha256: string): Promise<Content>;
  /** Opens one that is a stream. */
  open(call: OperationCall): AsyncIterable<StreamItem<unknown>>;
  /** Records that relations lead to, asked for once in a request; emptied by each mutation and by each item of a subscription. */
  readonly loaders: Map<string, DataLoader<string, unknown>>;
}

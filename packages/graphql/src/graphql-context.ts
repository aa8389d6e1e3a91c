/** What resolvers take from the call that they serve. */
import type { DescribedOperation, StreamItem } from "@roost/contract";
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
  /** Opens one that is a stream. */
  open(call: OperationCall): AsyncIterable<StreamItem<unknown>>;
  /** Records that relations lead to, asked for once in a request; emptied by each mutation and by each item of a subscription. */
  readonly loaders: Map<string, DataLoader<string, unknown>>;
}

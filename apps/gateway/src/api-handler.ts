import type { Handlers } from "@roost/contract";
import type { roostOperations } from "@roost/contract/operations";

/** The handler of one of the gateway's operations. */
export type ApiHandler<Id extends keyof Handlers<typeof roostOperations>> = Handlers<typeof roostOperations>[Id];

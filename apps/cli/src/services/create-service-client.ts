/** A client of the operations by which any service is moved, through the gateway. */
import { defineService, rowOperations, type Client } from "@roost/contract";
import { createHttpClient } from "@roost/contract/client";
import type { Connection } from "../connect.ts";

export function createServiceClient({ url, token }: Connection, name: string): Client<typeof rowOperations> {
  const contract = defineService({ name, title: name, operations: rowOperations });
  return createHttpClient(contract, { baseUrl: `${url}/services/${name}`, token });
}

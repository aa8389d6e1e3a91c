import type { ClientOf } from "@roost/contract";
import { useService } from "@roost/console/live/use-service";
import { routes } from "virtual:routes/peeps";
import type { peepsContract } from "../contract.ts";

export function usePeeps(): ClientOf<typeof peepsContract> {
  return useService("peeps", routes) as ClientOf<typeof peepsContract>;
}

/** What a gateway on another host leaves to the one beside the home: it answers where that is. */
import { RoostError } from "@roost/base";
import type { Served } from "@roost/contract";

/** The answer to a caller that asks for it all the same. */
export function leftToHome(what: string, homeAddress: string): RoostError {
  return new RoostError(
    "unavailable",
    `${what} needs the home's own machine, and this gateway is on another host: ask the gateway there, ${homeAddress}`,
    { details: { needs: "home", address: homeAddress } },
  );
}

/** `homeAddress`: of the home's gateway; undefined: this is the one. */
export function leaveToHome(served: Served, homeAddress: string | undefined): Served {
  const { operation } = served;
  if (homeAddress === undefined || operation.needs !== "home") return served;
  return {
    operation,
    handler: () => {
      throw leftToHome(operation.id, homeAddress);
    },
  };
}

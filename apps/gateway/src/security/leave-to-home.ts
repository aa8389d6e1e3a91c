/** What a gateway on another host leaves to the one beside the home: it answers where that is. */
import { RoostError } from "@roost/base";
import { leftToHomeStatus, type Served } from "@roost/contract";

/** The answer to a caller that asks for it all the same; its status is no other's, so that a load balancer may ask the home for any call that has it. */
export function leftToHome(what: string, homeAddress: string): RoostError {
  return new RoostError(
    "unavailable",
    `${what} needs the home's own machine, and this gateway is on another host: ask the gateway there, ${homeAddress}`,
    { details: { needs: "home", address: homeAddress, httpStatus: leftToHomeStatus } },
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

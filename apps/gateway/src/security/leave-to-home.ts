/** What a gateway on another host leaves to the one beside the home: it answers where that is. */
import { RoostError } from "@roost/base";
import { leftToHomeStatus, type Call, type Served } from "@roost/contract";

/**
 * The answer to a caller that asks for it all the same; its status is no other's, so that a load balancer may ask the home for any call that has it.
 * `homeAddress`: undefined for a caller that is not to be told of it. `cause`: what this machine failed at.
 */
export function leftToHome(what: string, homeAddress: string | undefined, cause?: unknown): RoostError {
  const said = `${what} needs the home's own machine, and this gateway is on another host`;
  return sayingWhere(said, homeAddress, cause);
}

function sayingWhere(said: string, homeAddress: string | undefined, cause?: unknown): RoostError {
  const address = homeAddress === undefined ? {} : { address: homeAddress };
  const where = homeAddress === undefined ? "" : `, ${homeAddress}`;
  return new RoostError("unavailable", `${said}: ask the gateway there${where}`, {
    cause,
    details: { needs: "home", ...address, httpStatus: leftToHomeStatus },
  });
}

/** `homeAddress`: of the home's gateway; undefined: this is the one. */
export function leaveToHome(served: Served, homeAddress: string | undefined): Served {
  const { operation, handler } = served;
  if (homeAddress === undefined) return served;
  if (operation.needs === "home") return { ...served, refuse: () => leftToHome(operation.id, homeAddress) };
  if (operation.effect !== "readonly" || operation.stream) return served;
  return {
    operation,
    // What only reads has begun nothing, however far it came.
    handler: async (input: never, call: Call) => {
      try {
        return await handler(input, call);
      } catch (thrown) {
        if (thrown instanceof RoostError && thrown.details?.["needs"] === "home" && !isLeftToHome(thrown))
          throw sayingWhere(thrown.message, homeAddress, thrown);
        throw thrown;
      }
    },
  };
}

function isLeftToHome({ details }: RoostError): boolean {
  return details?.["httpStatus"] === leftToHomeStatus;
}

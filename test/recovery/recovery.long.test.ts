import { loseConnections } from "./lose-connections.ts";

loseConnections({ placesMax: Infinity });

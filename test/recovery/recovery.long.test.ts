import { loseConnections } from "./lose-connections.ts";

loseConnections({ placesMax: 32 });

import { createId, RoostError } from "@roost/base";
import { serve } from "@roost/contract";
import type { Service } from "../../service.ts";
import {
  addPlant,
  countWaterings,
  gardenContract,
  listPlants,
  plantAdded,
  plantWatered,
  waterPlant,
} from "./contract.ts";

/** The handlers of the tests' garden. */
export const garden: Service = {
  contract: gardenContract,
  migrations: new URL("./migrations/", import.meta.url),
  handlers: ({ database }) => [
    serve(addPlant, async ({ name }) => {
      const plant = { id: createId(), name, revision: 1 };
      await database.transact(async (tx) => {
        await tx.query("insert into svc_garden.plant (id, name) values ($1, $2)", [plant.id, name]);
        tx.emit(plantAdded, { subject: plant.id, data: { plantId: plant.id, name } });
      });
      return { plant };
    }),
    serve(listPlants, async ({ limit }) => {
      const items = await database.query<{ id: string; name: string; revision: number }>(
        "select id, name, revision from svc_garden.plant order by name limit $1",
        [limit],
      );
      return { items, next: null };
    }),
    serve(waterPlant, async ({ plantId }, { principal }) =>
      database.transact(async (tx) => {
        const known = await tx.query("select 1 from svc_garden.plant where id = $1", [plantId]);
        if (known.length === 0) throw new RoostError("not_found", `there is no plant ${plantId}`);
        tx.emit(plantWatered, { subject: plantId, data: { plantId, by: principal.id } });
        return { by: principal.id };
      }),
    ),
    serve(countWaterings, async ({ plantId }) => {
      const [row] = await database.query<{ count: number }>(
        "select count from svc_garden.watering where plant_id = $1",
        [plantId],
      );
      return { count: row?.count ?? 0 };
    }),
  ],
  projections: [
    {
      name: "waterings",
      types: ["plant.watered"],
      tables: ["watering"],
      handle: async ({ data }, tx) => {
        await tx.query(
          `insert into svc_garden.watering as w (plant_id, count) values ($1, 1) on conflict (plant_id) do update set count = w.count + 1`,
          [data["plantId"]],
        );
      },
    },
  ],
};

import { Acrobot } from "./acrobot";
import { CartPole } from "./cart-pole";
import { Env } from "./env";
import { Pendulum } from "./pendulum";
import { Robot } from "./robot";

/** The environment of a name. */
export function makeEnv(name: string): Env {
  if (name == "walker") return new Robot(2);
  if (name == "hopper") return new Robot(1);
  if (name == "cart-pole") return new CartPole();
  if (name == "pendulum") return new Pendulum();
  if (name == "acrobot") return new Acrobot();
  throw new Error(`environments are acrobot, cart-pole, hopper, pendulum and walker, and none is ${name}`);
}

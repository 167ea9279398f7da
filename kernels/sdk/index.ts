export { log } from "./wray";

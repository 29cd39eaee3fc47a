/** For tools that show the commands; the program itself is `main.ts`. */
export { createProgram } from "./program/program.ts";
export { EXIT } from "./exit-codes.ts";

/** What the loader gives for imports of text files. */
declare module "*.sql" {
  const text: string;
  export default text;
}

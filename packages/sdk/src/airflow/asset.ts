import { TradewindError } from "@tradewind/core";

/** What an asset is made from: a name, a URI, or both. What is missing is as the other. */
export type AssetSpec = { readonly name: string; readonly uri?: string } | { readonly name?: never; readonly uri: string };

/** What a reference to an asset is made from: either its name or its URI. */
export type AssetRefSpec = { readonly name: string; readonly uri?: never } | { readonly uri: string; readonly name?: never };

/** An asset by its name. */
export interface AssetNameRef {
  readonly name: string;
}

/** An asset by its URI. */
export interface AssetUriRef {
  readonly uri: string;
}

export type AssetRef = AssetNameRef | AssetUriRef;

/**
 * The identity of an asset, as Airflow's SDK has it.
 *
 * @example
 * const orders = new Asset({ name: "orders", uri: "s3://warehouse/orders" });
 */
export class Asset {
  readonly name: string;
  readonly uri: string;

  constructor({ name, uri }: AssetSpec) {
    this.name = checkText("name", name ?? uri);
    this.uri = checkText("uri", uri ?? name);
  }

  static ref({ name, uri }: AssetRefSpec): AssetRef {
    if (name !== undefined && uri !== undefined)
      throw new TradewindError("invalid_dag", "Asset.ref() was given a name and a uri. Give it one of them.");
    return name !== undefined ? { name: checkText("name", name) } : { uri: checkText("uri", uri) };
  }
}

function checkText(field: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TradewindError(
    "invalid_dag",
    `The ${field} of an asset is ${JSON.stringify(value)}. Give it a name or a uri, as a text that is not empty.`,
  );
}

export {
  type BundleRequest,
  type BundleResult,
  bundleDagFile,
  type DagBundle,
  type ExternalImport,
  mayDefineDag,
  stopBundler,
} from "./bundle-dag-file.ts";
export { type BundleResolution, registerBundleResolution } from "./bundle-resolution.ts";
export { SPEC_DEFAULTS, type SpecDefaults } from "tradewind/internal";
export { codeFrame } from "./code-frame.ts";
export { createDagLoader, type DagFileLoad, type DagFileRequest, type DagLoader, type DagLoaderOptions, type LoadedDag } from "./dag-loader.ts";
export { discoverDagFiles, type DiscoveredFile, type Discovery, IGNORE_FILE, isDagFileName, isSkippedFolder } from "./discover-dag-files.ts";
export { checkFingerprints, type FingerprintCheck, type InputFingerprint } from "./fingerprint.ts";
export { type BundleExports, importBundle, importBundleCode, type ImportBundleCodeInput, type ImportBundleInput } from "./import-bundle.ts";
export {
  DAG_IMPORT_ERROR_KINDS,
  type DagFileWarning,
  type DagImportError,
  type DagImportErrorKind,
  TRANSIENT_IMPORT_ERROR_KINDS,
} from "./import-error.ts";

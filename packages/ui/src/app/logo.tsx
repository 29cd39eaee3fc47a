export function Logo({ size = 24 }: { size?: number }) {
  return <img src="/tradewind.svg" width={size} height={size} alt="" />;
}

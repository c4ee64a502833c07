import type { Block, Chart as ChartData, ChartSeries } from '../protocol';
import { textOf } from '../text';

/** The data visualization block. A bar chart is drawn; the others are told as a table, as every chart is to a screen reader. */
export function Chart({ block }: { block: Block }) {
  const { chart } = block;
  const title = textOf(block.title);
  const series = chart?.series ?? [];
  const categories = chart?.axis_config?.categories ?? [];
  const drawn = chart?.type === 'bar' && series.length > 0 && categories.length > 0;
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      {drawn && <Bars series={series} categories={categories} yLabel={chart?.axis_config?.y_label} />}
      {drawn && (
        <ul className="chart-legend" aria-hidden="true">
          {series.map((s, i) => <li key={s.name}><span className={`chart-key series-${i}`} />{s.name}</li>)}
        </ul>
      )}
      {chart?.axis_config?.x_label && <div className="chart-axis" aria-hidden="true">{chart.axis_config.x_label}</div>}
      <Figures chart={chart} title={title} hidden={drawn} />
    </figure>
  );
}

const size = { width: 600, height: 198, left: 30, right: 6, top: 24, bottom: 22 };

function Bars({ series, categories, yLabel }: { series: ChartSeries[]; categories: string[]; yLabel?: string }) {
  const value = (s: ChartSeries, category: string) => Math.max(0, s.data.find((point) => point.label === category)?.value ?? 0);
  const most = Math.max(1, ...series.flatMap((s) => s.data.map((point) => point.value)));
  const step = niceStep(most);
  const top = Math.ceil(most / step) * step;
  const plot = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
  const y = (n: number) => size.top + plot.height * (1 - n / top);
  const slot = plot.width / categories.length;
  // Labels that stand side by side must not touch: a character is about half as wide as it is high.
  const labelSize = Math.min(11, slot / (0.56 * Math.max(...categories.map((c) => c.length))));
  const bar = Math.min(26, (slot * 0.76) / series.length);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return (
    <svg className="chart-plot" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {yLabel && <text x={0} y={9} className="chart-tick">{yLabel}</text>}
      {ticks.map((n) => (
        <g key={n}>
          <line x1={size.left} x2={size.width - size.right} y1={y(n)} y2={y(n)} className="chart-grid" />
          <text x={size.left - 6} y={y(n) + 3.5} textAnchor="end" className="chart-tick">{n}</text>
        </g>
      ))}
      {categories.map((category, c) => {
        const middle = size.left + slot * (c + 0.5);
        return (
          <g key={category}>
            {series.map((s, i) => {
              const n = value(s, category);
              const x = middle + (i - series.length / 2) * bar;
              return n > 0 && (
                <g key={s.name}>
                  <rect x={x + 1} width={bar - 2} y={y(n)} height={y(0) - y(n)} rx={2} className={`series-${i}`}><title>{`${category}, ${s.name}: ${n}`}</title></rect>
                  <text x={x + bar / 2} y={y(n) - 3} textAnchor="middle" className="chart-value">{n}</text>
                </g>
              );
            })}
            <text x={middle} y={size.height - 6} textAnchor="middle" className="chart-tick" style={{ fontSize: labelSize }}>{category}</text>
          </g>
        );
      })}
    </svg>
  );
}

/** A step of 1, 2 or 5 times a power of ten that makes four ticks or fewer. */
export function niceStep(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough);
}

function Figures({ chart, title, hidden }: { chart?: ChartData; title: string; hidden: boolean }) {
  const rows = chart?.segments?.map((s) => [s.label, s.value] as const);
  return (
    <table className={hidden ? 'visually-hidden' : 'chart-figures'}>
      <caption>{title}</caption>
      {rows
        ? <tbody>{rows.map(([label, n]) => <tr key={label}><th scope="row">{label}</th><td>{n}</td></tr>)}</tbody>
        : (
          <>
            <thead><tr><th scope="col" />{chart?.series?.map((s) => <th key={s.name} scope="col">{s.name}</th>)}</tr></thead>
            <tbody>
              {chart?.axis_config?.categories?.map((category) => (
                <tr key={category}>
                  <th scope="row">{category}</th>
                  {chart.series?.map((s) => <td key={s.name}>{s.data.find((point) => point.label === category)?.value}</td>)}
                </tr>
              ))}
            </tbody>
          </>
        )}
    </table>
  );
}

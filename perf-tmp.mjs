import { init } from "wray";
const wray = await init({ cpus: 2 });
const m = await wray.load(process.argv[2]);
const c = m.actor("Counter").remote(5);
await wray.get(c.incr.remote(1));
const N=300000;
for (let k=0;k<6;k++){ let t=performance.now(); let last; for(let i=0;i<N;i++) last=c.incr.remote(1); const v=await wray.get(last); const ms=performance.now()-t; console.log("pipelined", v, (N/ms*1000).toFixed(0)+"/s"); }
for (let k=0;k<3;k++){const times=[]; for(let i=0;i<20000;i++){const t=performance.now(); await wray.get(c.incr.remote(1)); times.push(performance.now()-t);} times.sort((a,b)=>a-b); console.log("rt p50 us", (times[10000]*1000).toFixed(1), "p99", (times[19800]*1000).toFixed(1));}
await wray.shutdown();

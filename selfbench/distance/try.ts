import { LineProgram } from "../clients/line-program.ts";
import { progress } from "../../lib/progress.ts";
import { makeBed } from "./bed.ts";
import type { Told } from "./talk.ts";
import { floorOf } from "../../bench/stats/floor/call.ts";
const bed = await makeBed("lathe-dist", progress());
const node=process.execPath;
const cmd=(end: "near"|"far", file: string, ...args: string[])=>{ const [c="",...a]=bed.at(end); return new LineProgram(file,c,[...a,node,new URL(file,import.meta.url).pathname,...args]); };
try {
  const server=cmd("far","server.ts"); const ports=await server.next() as Record<string,number>;
  const client=cmd("near","client.ts",bed.address); await client.next();
  const links=(process.argv[2]??"0:,20:100").split(",").map(t=>t.split(":"));
  for (const [rtt="0",mb=""] of [["0",""],...links]) {
    await bed.setLink({delayMs:Number(rtt)/2,mbit:mb===""?null:Number(mb)});
    for (const proto of ["grpc","rest","grpc-64k"]) for (const state of ["cold","idle","warm"] as const) {
      const t=await client.ask({client:proto.startsWith("grpc")?"probe":"rest",port:ports[proto],state,calls:3,warmups:4,idleMs:2500}) as Told;
      const ms=t.calls.map(c=>c.ms).sort((a,b)=>a-b)[1] as number; const c=t.calls[1]!;
      const f=floorOf({requestBytes:c.requestBytes,responseBytes:c.responseBytes,serviceMs:proto==="rest"?22:4},{rttMs:Number(rtt),mbit:mb===""?null:Number(mb),connection:state,...(proto==="grpc-64k"?{requestWindow:{bytes:65535,then:"same"}}:{})});
      console.log(rtt,mb,proto,state,"meas",ms.toFixed(1),"floor",f.ms.toFixed(1),(ms/f.ms).toFixed(2),"cwnd",t.calls.map(c=>c.cwnd).join("/"),"rto",c.rtoMs,"retr",t.calls.map(c=>c.retransmits).join("/"),JSON.stringify(c.window),c.requestBytes);
    }
  }
  await client.stop(); await server.stop();
} finally { await bed.remove(); }

module lathe/bench/fleet/server

go 1.24

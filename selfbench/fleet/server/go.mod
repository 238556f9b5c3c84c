module lathe/selfbench/fleet/server

go 1.24

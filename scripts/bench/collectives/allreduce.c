// The same as kernels/collective.ts by MPI: prints the milliseconds that MPI_Allreduce of so many floats takes, in place.
//
//   allreduce LENGTH ROUNDS [LENGTH ROUNDS …]
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **texts) {
  MPI_Init(&count, &texts);
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int at = 1; at + 1 < count; at += 2) {
    int length = atoi(texts[at]), rounds = atoi(texts[at + 1]);
    float *array = malloc(length * sizeof(float));
    for (int i = 0; i < length; i++) array[i] = rank;
    MPI_Allreduce(MPI_IN_PLACE, array, length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < length; i++) {
      if (array[i] != size * (size - 1) / 2) MPI_Abort(MPI_COMM_WORLD, 1);
      array[i] = 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (int i = 0; i < rounds; i++)
      MPI_Allreduce(MPI_IN_PLACE, array, length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) printf("%f\n", (MPI_Wtime() - start) * 1e3 / rounds);
    free(array);
  }
  MPI_Finalize();
  return 0;
}

/* <stdio.h>, which foreign code includes and the board does without: nothing in it is used. */
